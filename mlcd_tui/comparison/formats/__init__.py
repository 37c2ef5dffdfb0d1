"""One file per format of recorded requests and answers, each found by the registry as `READER`."""
