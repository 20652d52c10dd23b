"""The clock: opens, reminds, submits what is due, approves by policy, delivers."""
