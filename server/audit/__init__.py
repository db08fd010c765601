"""Who did what that is not a case: sign-ins, refusals, tablets, exports; read by auditors."""
