"""All that the process of a submission holds of the grader.

`worker` is started as a script. So its imports find this folder and no
other: nothing here says what a good answer is, and whatever does must not be
put here. The grader itself imports `checks`, `isolate` and `wire` too.

=========  ===============================================================
module     what it does
=========  ===============================================================
`worker`   runs a submission: the only module that meets its code
`shell`    executes cells as Jupyter does
`keeper`   starts the process of a submission, and ends it in time
`isolate`  limits and namespaces of that process
`checks`   runs a check; embedded in every student notebook
`wire`     the data that cross between grader and worker
=========  ===============================================================
"""
