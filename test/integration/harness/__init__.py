"""What the integration tests stand on: the proxy as a process, backends and clients made of raw bytes."""
