"""The list APIs, one file each; ``APIS`` names them all."""

from exporter.apis import dataarts_jobs, octopus_queuing_jobs, octopus_system_jobs, pai_dataset_jobs
from exporter.apis.api import Api

APIS: dict[str, Api] = {
    module.API.name: module.API
    for module in (pai_dataset_jobs, octopus_system_jobs, octopus_queuing_jobs, dataarts_jobs)
}
"""Every list API by the name that it has in the configuration and in the label ``api``."""
