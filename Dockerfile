FROM python:3.13-slim AS build

# pip stays outside the environment, so that the result holds none.
RUN python -m venv --without-pip /opt/datajobs-exporter
WORKDIR /src
COPY constraints.txt pyproject.toml README.md LICENSE ./
COPY exporter exporter
# Data of the package: the commands `dashboards` and `rules` write them.
COPY grafana/dashboards grafana/dashboards
COPY prometheus/rules prometheus/rules
RUN pip --python /opt/datajobs-exporter/bin/python install --no-cache-dir --constraint constraints.txt ".[alibaba,huawei]"


FROM python:3.13-slim

COPY --from=build /opt/datajobs-exporter /opt/datajobs-exporter
# The root file system may be read-only: nothing is written, bytecode was compiled at the install.
ENV PATH=/opt/datajobs-exporter/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1

# Late, for they change with every build and the layers above do not.
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="datajobs-exporter" \
      org.opencontainers.image.description="Prometheus exporter for the job lists of data platforms" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"

# A number, so that an orchestrator can tell that it is not root.
USER 65532:65532
EXPOSE 9788
# http.client and not urllib: a proxy in the environment must not be asked about this container.
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s --retries=3 \
  CMD ["python", "-I", "-c", "import http.client as h; c = h.HTTPConnection('127.0.0.1', 9788, timeout=4); c.request('GET', '/-/healthy'); raise SystemExit(c.getresponse().status != 200)"]
ENTRYPOINT ["datajobs-exporter"]
CMD ["--config.file", "/etc/datajobs-exporter/config.yaml"]
