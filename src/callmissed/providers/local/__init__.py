"""Speech and answers without a key or a network: pocketsphinx, flite, espeak-ng, extracts from
the documents.
"""
