"""What the pages show of runs: pictures, the landing page's animation, printed texts, notebooks."""
