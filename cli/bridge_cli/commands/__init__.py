"""The commands, a module for each thing they are about; what they show is made in `views`."""
