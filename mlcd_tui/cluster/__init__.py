"""The only door to Kubernetes: kubeconfig, client, watches, store, discovery, access reviews, execution.

May import: domain, config. Never: engines, the ui.
"""
