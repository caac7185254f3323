"""Reading and writing mail: shared by the email and fax kinds."""
