"""The sandbox's own side: a small gateway that keeps everything in memory."""
