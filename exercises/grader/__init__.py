"""Build the exercises from their sources, check answers, grade a class.

============  ============================================================
module        what it does
============  ============================================================
`source`      reads ``exercises/src/exNN_topic.md``
`build`       writes the notebooks from it (``make exercises``)
`submission`  reads a notebook that somebody handed in
`inside`      all that the process of a submission holds: a package
`pool`        keeps a process that has loaded Keras, forks workers from it,
              and reads what they write
`cluster`     lets pools on a Dask cluster do the work
`grade`       asks the workers, judges their answers
`report`      writes scores, feedback and results
`gradebook`   makes the files that Canvas and Moodle import
`gradescope`  makes Gradescope's file
============  ============================================================
"""
