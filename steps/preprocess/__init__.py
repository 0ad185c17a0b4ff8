"""Preprocess: a folder of labelled images becomes splits that training can memory-map."""
