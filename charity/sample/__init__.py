"""A small invented Shenzhen: sample data, through the door of real reports."""
