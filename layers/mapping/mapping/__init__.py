"""What comes in, what goes out and what goes where: tables and total functions, without any I/O."""
