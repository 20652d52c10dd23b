"""What each worker of the web server loads: the application, ending with the process that started it."""

from distributor import create_app
from distributor.lifetime import end_with_parent

end_with_parent()
app = create_app()
