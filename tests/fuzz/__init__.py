"""What nobody sends by accident: forged credentials and broken requests, in great numbers."""
