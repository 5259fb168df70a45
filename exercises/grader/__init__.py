"""Build the exercises from their sources, check answers, grade a class.

============  ============================================================
module        what it does
============  ============================================================
`source`      reads ``exercises/src/exNN_topic.md``
`build`       writes the notebooks from it (``make exercises``)
`checks`      runs a check; embedded in every notebook
`submission`  reads a notebook that somebody handed in
`wire`        the data that cross between grader and worker
`isolate`     limits and namespaces of a worker
`worker`      runs a submission: the only module that meets its code
`pool`        keeps a process that has loaded Keras and forks workers
`grade`       asks the workers, judges their answers
`report`      writes scores, feedback and results
============  ============================================================
"""
