"""People: who may do what, how they prove who they are, and the record of what they did."""
