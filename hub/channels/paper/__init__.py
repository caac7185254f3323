"""Documents as pages: TIFF and PDF read, drawn and written; shared by whoever shows or sends paper."""
