"""The road of campaigns: `road` carries mails in convoys, `one_by_one` serves lines that take each by itself."""
