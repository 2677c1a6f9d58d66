"""The Beam transforms of extraction, one verb each; a job is a chain of them. Failures go where ``failures_to`` says."""
