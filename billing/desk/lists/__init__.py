"""What every list of the desk can do: be downloaded, narrowed by day and amount, and added up."""
