"""Files of strangers, read in a child process with limits, cut into pieces that can be found."""
