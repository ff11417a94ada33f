"""The demonstration: a campaign of real size that was made up, and the job that carries it from workbook to hand-over."""
