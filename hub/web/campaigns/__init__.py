"""The pages of campaigns: planned in steps, reviewed person by person, watched while they run, read afterwards."""
