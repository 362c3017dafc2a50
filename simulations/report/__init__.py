"""What a simulation found, as pages that a person likes to look at: one for each failure, one for the whole batch.

A page is one file. It asks the network for nothing, it can be walked through with the keyboard alone, and it follows
the reader's choice of light or dark. What it shows is data, so a test can make it by hand.
"""

from ._inputs import Batch, Failure, FailureLink, PlantedBug
from ._pages import batch_page, failure_page

__all__ = ["Batch", "Failure", "FailureLink", "PlantedBug", "batch_page", "failure_page"]
