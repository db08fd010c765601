"""What the product is measured by, and the pictures of it."""
