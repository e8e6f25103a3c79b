# escape=`

FROM mcr.microsoft.com/windows/servercore:ltsc2025
SHELL ["powershell", "-Command", "$ErrorActionPreference = 'Stop';"]
COPY app\ C:\app\
RUN Write-Host `
    # a comment inside
    "C:\Program Files" ; `

    New-Item -Path C:\data -ItemType Directory | Out-Null
ENV APP_HOME="C:\app" `
    DATA=C:\data
WORKDIR C:\app
HEALTHCHECK CMD powershell -Command `
    try { Invoke-WebRequest http://localhost } catch { exit 1 }
CMD [ "C:\\app\\shop.exe" ]
