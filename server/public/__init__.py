"""The doors without a login: a resident's own case, an outside party's task, and what is published of a street."""
