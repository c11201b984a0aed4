"""Reports: one self-contained bilingual page, drawn from the published marketing file alone.

What belongs here: reading that file (`marketing_file`) into one plain object (`data`), the
sentences, figures and tables made of it, and the pages that carry them. What does not: computing a
metric (that is dbt's and the analysis rooms' work), deciding what may be published, opening a
browser.
"""

from pipelines.reports.page import PLOTLY_SHA256, render_report

__all__ = ["PLOTLY_SHA256", "render_report"]
