"""What happens in the simulated clouds: timelines, and the truth at any moment. No input, no output."""

from exporter.simulator.world.chance import random_world
from exporter.simulator.world.living import living_world
from exporter.simulator.world.order import ListingOrder
from exporter.simulator.world.world import World

__all__ = ["ListingOrder", "World", "living_world", "random_world"]
