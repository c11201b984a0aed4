"""A merchant's months, made up: realistic exports with known truth, for samples, tests and timing.

What belongs here: the behaviour of one synthetic merchant's users (`population`, `orders`,
`attempts`, `payments`, `refunds`), the writers that put it into the bytes of each provider, and the
truth that was planted. What does not: reading any export (that is `formats` and `ingest`; nothing
here may import them, or a mistake shared by writer and reader would go unseen).
"""

from pipelines.simulate.generate import simulate
from pipelines.simulate.samples import write_samples
from pipelines.simulate.truth import FileTruth, ProviderTruth, SimulationTruth

__all__ = ["FileTruth", "ProviderTruth", "SimulationTruth", "simulate", "write_samples"]
