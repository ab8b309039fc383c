"""Reads a page on standard input with prometheus_client, in the format that the argument names, and
prints its samples as JSON: name, labels, value, and the labels and value of an exemplar."""

import json
import sys

from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as text

parse = {"openmetrics": openmetrics, "text": text}[sys.argv[1]]
samples = []
for family in parse(sys.stdin.buffer.read().decode("utf-8")):
    for sample in family.samples:
        exemplar = sample.exemplar and [sample.exemplar.labels, repr(float(sample.exemplar.value))]
        samples.append([sample.name, sample.labels, repr(float(sample.value)), exemplar])
json.dump(samples, sys.stdout)
