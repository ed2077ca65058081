/** The pages that the web servers bring, in short: enough for a person to know them. */
export const HTTPD_PAGE = '<html><body><h1>It works!</h1></body></html>\n'
export const NGINX_PAGE = `<!DOCTYPE html>
<html>
<head>
<title>Welcome to nginx!</title>
</head>
<body>
<h1>Welcome to nginx!</h1>
<p><em>Thank you for using nginx.</em></p>
</body>
</html>
`
