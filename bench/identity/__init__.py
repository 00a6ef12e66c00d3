"""What issue 4 promises in great numbers: made-up requests against the API as it is served."""
