"""What could not be read: kept, shown, processed again."""
