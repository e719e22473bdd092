"""The statistician's desk: from reviewers' labels to numbers anyone may see. Offline; true counts stay here and are never written down."""
