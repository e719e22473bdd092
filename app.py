"""What gunicorn serves: the intake, as the environment describes it."""

from intake import create_app
from intake.config import Config

app = create_app(Config.from_env())
