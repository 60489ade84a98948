"""What can be found out about the embedded model because everything that it ever saw is known: its training scenes are
made from seeds, and what is in them is data. A page asks through api.py; embedded.py answers, and reads nothing heavy
before it is asked. No Gradio in here, and nothing that trains."""
