"""The HTTP face: thin routes over an inventory, without SQL or arithmetic."""
