"""One module a screen: it asks the API, and names the template that shows the answer."""
