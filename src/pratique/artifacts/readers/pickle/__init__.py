"""An exact symbolic pickle machine, protocols 0 to 5: it follows every opcode and runs nothing."""
