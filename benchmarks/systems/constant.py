"""The share of each class, or the mean: what stands for a run that failed."""

from protocol import Job

job = Job.read()
rows, label = job.rows()
job.ready()
count = len(job.test_rows())
if job.regression:
    job.done([label.mean()] * count, None, 0.0)
else:
    shares = label.value_counts(normalize=True).sort_index()
    job.done([shares.to_list()] * count, shares.index, 0.0)
