"""Build the exercises from their sources, check answers, grade a class.

============  ============================================================
module        what it does
============  ============================================================
`source`      reads ``exercises/src/exNN_topic.md``
`parse`       splits its text into cells
`validate`    holds it to its rules
`build`       writes the notebooks from it (``make exercises``)
`build_text`  what every notebook starts with
`checks`      runs a check; embedded in every notebook
`submission`  reads a notebook that somebody handed in
`wire`        the data that cross between grader and worker
`isolate`     limits and namespaces of a worker
`keeper`      starts the process of a submission, and ends it in time
`worker`      runs a submission: the only module that meets its code
`pool`        keeps a process that has loaded Keras and forks workers
`listen`      reads what a worker writes
`cluster`     lets pools on a Dask cluster do the work
`grade`       asks the workers, judges their answers
`report`      writes scores, feedback and results
`gradescope`  makes Gradescope's file
============  ============================================================
"""
