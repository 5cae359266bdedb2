"""What lies in an output folder. Written and read here alone; records are typed and versioned.

out/config.yaml       resolved; `ltmlbench run --config` with it gives the same table
out/benchmark.json    data set, labels, protocol, published numbers, which runs belong together;
                      it marks the folder as ours
out/runs/<id>/        run.json, identity.json, predictions.parquet, history.csv, model...,
                      gallery.png and pointing.csv of the explanation
out/stages/<name>/    what stages before the runs left to look at: pre-training, label subsets
out/results.csv       tidy: one row per run, unit, metric and label
out/summary.csv       mean, std (ddof = 1), n and 95 % interval over the runs of each row
out/table.md, report.html
out/uses.json         which artifacts of the store its commands laid out (`ltmlbench cache prune`)

Modules: ``records`` (the forms of run.json and benchmark.json, of all versions), ``folder`` (reads
and writes), ``collect`` (which runs make one table), ``scores`` (numbers from predictions),
``tables`` (the two CSV files), ``recorder`` (writes while a benchmark runs), ``claim`` (whose
folder it is), ``find`` (the run somebody means), ``merge`` (several folders made one), ``account``
(what differs between them), ``used`` (which artifacts a folder refers to).
"""
