"""Commands around the programs: the demo, the headless reporter, the checks, the bench."""
