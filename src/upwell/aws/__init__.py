"""The serverless shape: its template, and the commands that deploy, watch and remove it. It runs nothing of ours in AWS."""
