"""Background processes: arq jobs of one call each, and the mailroom's services."""
