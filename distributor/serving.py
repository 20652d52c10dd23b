"""What each worker of the web server loads: the application, ending with the process that started it."""

import gc

from distributor import create_app, tenancy
from distributor.lifetime import end_with_parent

end_with_parent()
app = create_app()
tenancy.guard(app)
# What the application is made of stays for good: left out of collections, none of them holds up a page.
gc.collect()
gc.freeze()
