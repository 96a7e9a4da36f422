"""One file per family of Kling models: nothing but specs."""
