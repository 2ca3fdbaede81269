"""Settings, URLs and servers of this project; nothing imports this package but the entry points.

``settings``     read from the environment by ``environment``; ``.env.example`` lists the variables
``launch``       how ``manage.py`` starts the embedded server (``embedded``) and reports failures
``security``     the Content-Security-Policy and other headers; ``throttling`` limits logins, ``proxies`` finds the client
``logs``         structured logging without personal values (``scrubbing``), one line per request (``middleware``)
``storage``      static files; ``error_pages`` are shown outside of the admin
``gunicorn``     the settings of the web server
"""
