"""The practice Exchange: an EWS server of our own that stands in for a real one in the tests and the demo.

It stores before it answers, keeps the MIME and every property set on it, and shows both as Exchange would: MIME written
anew, drafts for items without PR_MESSAGE_FLAGS, localised default folders. It can be told to fail in every way a
migration has to survive. It knows nothing of the program that it is there to test.
"""
