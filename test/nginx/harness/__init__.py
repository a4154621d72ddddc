"""nginx and comfymux side by side: servers, backends, a raw client, and the comparison."""
