"""From clips to audio, frames, saliency maps and speech spans, one file per actor and kind."""
