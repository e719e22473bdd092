"""The reviewer's workstation: a program on the reviewer's own machine that listens on 127.0.0.1 only."""
