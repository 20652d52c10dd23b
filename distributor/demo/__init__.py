"""A year of a distributor and fifty MSPs, made by the service's own operations.

* ``catalogue``, ``partners``, ``people``  what is sold, on which terms, and who works where
* ``figures``, ``kestrel``                 what was counted in each cycle; ``kestrel`` tells the story of MER-1042
* ``course``, ``plan``, ``deeds``          when reports open, and what everybody does with them
* ``stage``, ``performing``                rows to start from, and each deed through its operation
* ``fill``                                 the way in
"""
